Gem::Specification.new do |spec|
  spec.name, spec.version, spec.summary, spec.authors = "own", "1.0.0", "a gem for tests", ["test"]
  spec.files = ["lib/own.rb"]
end
