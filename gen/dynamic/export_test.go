package dynamic

import (
	"encoding/binary"

	"github.com/nlgen/nlgen/gen/model"
)

// NewLittleEndian returns a codec for messages of a little-endian machine.
func NewLittleEndian(f *model.Family) *Codec {
	return &Codec{family: f, order: binary.LittleEndian}
}
