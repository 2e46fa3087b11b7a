require "webrick"

words = File.read("public/words.txt").strip
node = system("node --version") ? "there" : "missing"
server = WEBrick::HTTPServer.new(Port: ENV["PORT"], AccessLog: [])
server.mount_proc("/") { |_, answer| answer.body = "#{words}, node #{node}" }
server.start
