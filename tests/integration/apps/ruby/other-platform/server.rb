require "answer"
require "webrick"

server = WEBrick::HTTPServer.new(Port: ENV["PORT"], AccessLog: [])
server.mount_proc("/") { |_, answer| answer.body = "C says #{Answer.answer}" }
server.start
