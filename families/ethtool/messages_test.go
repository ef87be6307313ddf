package ethtool_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/families/ethtool"
	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

// nested is the flag of attributes that hold attributes.
const nested = 0x8000

// attr returns the bytes of an attribute.
func attr(typ uint16, payload ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(payload)))
	b = append(binary.NativeEndian.AppendUint16(b, typ), payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

func nest(typ uint16, attrs ...[]byte) []byte { return attr(typ|nested, slices.Concat(attrs...)...) }

func u32(typ uint16, v uint32) []byte {
	return attr(typ, binary.NativeEndian.AppendUint32(nil, v)...)
}

func u64(typ uint16, v uint64) []byte {
	return attr(typ, binary.NativeEndian.AppendUint64(nil, v)...)
}

// No device that can be had here has standard statistics, so this is what the
// kernel puts together for one that has: a nest for each statistic and each bucket,
// with filler before them on machines that need it.
func TestStats(t *testing.T) {
	const ( // ETHTOOL_A_STATS_GRP_*
		pad, id, ssID, stat, histRx, histTx = 1, 2, 3, 4, 5, 6
		low, high, val                      = 7, 8, 9
	)
	raw := slices.Concat(
		nest(2, u32(1, 7), attr(2, []byte("eth0\x00")...)),
		u32(5, 0),
		nest(4, u32(id, 0), u32(ssID, 17), nest(stat, u64(0, 9))),
		nest(4,
			u32(id, 3), u32(ssID, 20),
			attr(pad), nest(stat, u64(0, 3)),
			attr(pad), nest(stat, u64(2, 1<<40)),
			nest(histRx, u32(low, 0), u32(high, 64), attr(pad), u64(val, 10)),
			nest(histRx, u32(low, 65), u32(high, 127), attr(pad), u64(val, 20)),
			nest(histTx, u32(low, 0), u32(high, 64), attr(pad), u64(val, 30)),
		),
	)
	bucket := func(low, high uint32, n uint64) ethtool.StatsGrpHist {
		return ethtool.StatsGrpHist{HistBktLow: nl.U32(low), HistBktHi: nl.U32(high), HistVal: nl.U64(n)}
	}
	want := &ethtool.StatsGetReply{
		Header: &ethtool.Header{DevIndex: nl.U32(7), DevName: nl.Some("eth0")},
		Src:    nl.Some(ethtool.MACStatsSrcAggregate),
		Grp: []ethtool.StatsGrp{
			{
				ID:          nl.Some(ethtool.StatsGroupEthPHY),
				StringSetID: nl.Some(ethtool.StringSetIDStatsEthPHY),
				Stat:        []ethtool.StatsGrpStat{{ID: uint16(ethtool.StatsEthPHYSymErr), Value: 9}},
			},
			{
				ID:          nl.Some(ethtool.StatsGroupRMON),
				StringSetID: nl.Some(ethtool.StringSetIDStatsRMON),
				Stat: []ethtool.StatsGrpStat{
					{ID: uint16(ethtool.StatsRMONUndersize), Value: 3},
					{ID: uint16(ethtool.StatsRMONFrag), Value: 1 << 40},
				},
				HistRx: []ethtool.StatsGrpHist{bucket(0, 64, 10), bucket(65, 127, 20)},
				HistTx: []ethtool.StatsGrpHist{bucket(0, 64, 30)},
			},
		},
	}
	got := familytest.RoundTrip[ethtool.StatsGetReply](t, raw)
	familytest.Equal(t, "statistics", got, want)
}

// A cable test over two pairs, one of them open after 12 m; distances in a raw test
// are unsigned, amplitudes are not.
func TestCableTest(t *testing.T) {
	header := nest(1, u32(1, 7), attr(2, []byte("eth0\x00")...))
	wantHeader := &ethtool.Header{DevIndex: nl.U32(7), DevName: nl.Some("eth0")}

	got := familytest.RoundTrip[ethtool.CableTestNtf](t, slices.Concat(
		header,
		attr(2, 2),
		nest(3,
			nest(1, attr(1, 0), attr(2, 1)),
			nest(1, attr(1, 1), attr(2, 2)),
			nest(2, attr(1, 1), u32(2, 1200)),
		),
	))
	familytest.Equal(t, "cable test", got, &ethtool.CableTestNtf{
		Header: wantHeader,
		Status: nl.Some(ethtool.CableTestNtfStatusCompleted),
		Nest: &ethtool.CableNest{
			Result: []ethtool.CableResult{
				{Pair: nl.Some(ethtool.CablePairA), Code: nl.Some(ethtool.CableResultCodeOK)},
				{Pair: nl.Some(ethtool.CablePairB), Code: nl.Some(ethtool.CableResultCodeOpen)},
			},
			FaultLength: []ethtool.CableFaultLength{{Pair: nl.Some(ethtool.CablePairB), Cm: nl.U32(1200)}},
		},
	})

	mv := int16(-35)
	amplitude := binary.NativeEndian.AppendUint16(nil, uint16(mv))
	raw := familytest.RoundTrip[ethtool.CableTestTDRNtf](t, slices.Concat(
		header,
		attr(2, 2),
		nest(3,
			nest(1, u32(1, 100), u32(2, 15000), u32(3, 80)),
			nest(2, attr(1, 3), attr(2, amplitude...)),
		),
	))
	familytest.Equal(t, "raw cable test", raw, &ethtool.CableTestTDRNtf{
		Header: wantHeader,
		Status: nl.Some(ethtool.CableTestNtfStatusCompleted),
		Nest: &ethtool.CableTDRNest{
			Step:      []ethtool.CableStep{{FirstDistance: nl.U32(100), LastDistance: nl.U32(15000), StepDistance: nl.U32(80)}},
			Amplitude: []ethtool.CableAmplitude{{Pair: nl.Some(ethtool.CablePairD), MV: nl.Some(mv)}},
		},
	})
}
