require "sinatra/base"

class Hello < Sinatra::Base
  get("/") { "Sinatra #{Sinatra::VERSION.to_i} says hello, in #{settings.environment} and #{Encoding.default_external}" }
  get("/server") { request.env["SERVER_SOFTWARE"] }
end

run Hello
