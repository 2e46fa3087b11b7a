# Loaded by rake before the Rakefile: a task assets:precompile for apps that have none, Rails' API applications for one.
Rake::Task.define_task("assets:precompile") do |task|
  puts "The Rakefile has no task assets:precompile" if task.actions.one? && task.prerequisites.empty?
end
