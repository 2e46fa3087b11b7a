module Own
  def self.words = "a gem of vendor/cache says hello"
end
