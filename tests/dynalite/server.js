// A DynamoDB server in memory on a free port of the loopback interface.
// It prints its port and ends when its standard input does, so it never outlives a test run.
const dynalite = require('dynalite')

const server = dynalite({ createTableMs: 1, updateTableMs: 1, deleteTableMs: 1 })
// On a busy machine a connection rests for longer than node keeps it: it would be closed just as
// it is used again.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit(0)).resume()
