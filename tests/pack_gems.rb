# Makes gems of Debian's packages, and of gems that this Ruby has: ruby pack_gems.rb DEBS TARGET NAME...
#
# A package with a gemspec is a gem again. Debian has compiled its extensions: such a gem is for this machine only, as
# those are that their authors compile. TARGET/index.json lists what the index of a source says of each.
require "fileutils"
require "json"
require "rubygems/package"
require "tmpdir"

ABI = RbConfig::CONFIG["ruby_version"]

# Where a package has a gem's files, and what stands before their names in the gem.
def places(spec)
  {
    "usr/{share,lib/*}/rubygems-integration/*/gems/#{spec.name}-#{spec.version}" => "",
    "usr/lib/*/rubygems-integration/*/extensions/*/*/#{spec.name}-#{spec.version}" => "lib/",
    "usr/lib/ruby/vendor_ruby" => "lib/",
    "usr/lib/*/ruby/vendor_ruby/#{ABI}" => "lib/",
  }
end

def gather(spec, places, root, gem)
  places.each do |pattern, prefix|
    Dir.glob("#{root}/#{pattern}").each do |from|
      Dir.glob("**/*", base: from).select { |name| File.file?("#{from}/#{name}") }.each do |name|
        target = "#{gem}/#{prefix}#{name}"
        FileUtils.mkdir_p(File.dirname(target))
        FileUtils.cp("#{from}/#{name}", target)
      end
    end
  end
  spec.executables = spec.executables.select { |name| File.file?("#{gem}/#{spec.bindir}/#{name}") }
  spec.extensions, spec.test_files, spec.extra_rdoc_files = [], [], []
  spec.files = Dir.glob("**/*", base: gem).select { |name| File.file?("#{gem}/#{name}") }.sort
end

def pack(spec, places, root, target)
  Dir.mktmpdir do |gem|
    gather(spec, places, root, gem)
    spec.platform = Gem::Platform.local if spec.files.any? { |name| name.end_with?(".so") }
    Dir.chdir(gem) { FileUtils.mv(Gem::Package.build(spec, true), target) }
  end
  {
    file: spec.file_name, name: spec.name, version: spec.version, platform: spec.platform.to_s,
    requires: spec.runtime_dependencies.to_h { |one| [one.name, one.requirement.as_list] }
  }
end

def of_package(deb, target)
  Dir.mktmpdir do |root|
    system("dpkg-deb", "-x", deb, root, exception: true)
    Dir.glob("#{root}/usr/**/specifications/*.gemspec").sort.map do |path|
      spec = Gem::Specification.load(path)
      pack(spec, places(spec), root, target)
    end
  end
end

def of_ruby(name, target)
  spec = Gem::Specification.find_by_name(name)
  pack(spec.dup, { spec.full_gem_path.delete_prefix("/") => "" }, "", target)
end

debs, target, *names = ARGV
Gem::DefaultUserInteraction.ui = Gem::SilentUI.new
FileUtils.mkdir_p(target)
packed = Dir.glob("#{debs}/*.deb").sort.flat_map { |deb| of_package(deb, target) }
File.write("#{target}/index.json", JSON.generate(packed + names.map { |name| of_ruby(name, target) }))
