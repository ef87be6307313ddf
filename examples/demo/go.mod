// The demo is a module of its own: scripts/demo.sh generates its clients.
module example.com/demo

go 1.26

require github.com/nlgen/nlgen v0.0.0

replace github.com/nlgen/nlgen => ../..
