Rails.application.routes.draw do
  root "hello#show"
  get "stylesheet", to: redirect { ActionController::Base.helpers.stylesheet_path("application") }
end
