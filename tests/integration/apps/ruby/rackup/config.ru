run(lambda do |env|
  server = env["SERVER_SOFTWARE"].split("/").first
  [200, { "Content-Type" => "text/plain" }, ["Rack #{Rack.release.to_i} on #{server}, in #{ENV["RACK_ENV"]}"]]
end)
