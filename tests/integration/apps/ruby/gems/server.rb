require "answer"
require "openssl"
require "webrick"
require "yaml"

begin
  require "only_here"
rescue LoadError
  missing = "left out"
end

words = File.read("public/assets/words.txt")
usr = $LOADED_FEATURES.grep(%r{^/usr/}).size
server = WEBrick::HTTPServer.new(Port: ENV["PORT"], AccessLog: [])
server.mount_proc("/") do |_, answer|
  answer.body = "#{words}, C says #{Answer.answer}, development #{missing}, #{usr} files of the stack, webrick #{WEBrick::VERSION}"
end
server.start
