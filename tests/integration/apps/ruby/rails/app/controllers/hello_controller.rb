class HelloController < ApplicationController
  def show
    session[:seen] = true
    @log = Rails.logger.instance_variable_get(:@logdev).dev
  end
end
