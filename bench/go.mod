module example.com/poll/bench

go 1.26.0

require (
	example.com/poll v0.0.0
	golang.org/x/sys v0.49.0
)

replace example.com/poll => ../
