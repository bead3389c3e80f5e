package descriptors

const rdhup, oPath = 0, 0

var kinds = concat(pipeKinds, fileKinds, socketKinds, terminalKinds, kqueueKinds)

var systemWaits []waiting
