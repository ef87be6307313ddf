"""Runs the kernel's Python client for the tests.

usage: client.py DIR SPEC (do | dump | encode) OPERATION JSON

DIR is tools/net/ynl of the Linux source. The answer is printed as JSON, in the
form that cli.py has; encode prints the request in hex instead of sending it.

The client is mended where it gives no answer at all:

- attributes it has no spec of are shown, as cli.py --process-unknown does;
- a sub-message it has no format for is its bytes;
- padding is left out;
- the attributes mask and pad of nlctrl have the ids of linux/netlink.h.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from cli import YnlEncoder  # noqa: E402
from lib import YnlFamily  # noqa: E402


class Family(YnlFamily):
    def __init__(self, spec):
        super().__init__(spec, "", process_unknown=True)
        policy = self.attr_sets.get("policy-attrs")
        if policy:
            policy.attrs_by_val.update({11: policy["pad"], 12: policy["mask"]})

    def _decode(self, attrs, space, outer_attrs=None):
        decoded = super()._decode(attrs, space, outer_attrs)
        if space:
            for name, attr in self.attr_sets[space].items():
                if attr["type"] == "pad":
                    decoded.pop(name, None)
        return decoded

    def _decode_sub_msg(self, attr, attr_spec, search_attrs):
        formats = self.sub_msgs[attr_spec.sub_message].formats
        if search_attrs.lookup(attr_spec.selector) not in formats:
            return attr.as_bin()
        return super()._decode_sub_msg(attr, attr_spec, search_attrs)


def main():
    _, _, spec, mode, op, request = sys.argv
    family = Family(spec)
    values = json.loads(request)
    if mode == "encode":
        message = family._encode_message(family.ops[op], values, [], 1)
        print(message[family.nlproto.msghdr_size():].hex())
    elif mode == "dump":
        print(json.dumps(family.dump(op, values), cls=YnlEncoder))
    else:
        print(json.dumps(family.do(op, values), cls=YnlEncoder))


main()
