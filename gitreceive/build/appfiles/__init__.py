"""What an app says of itself in its files: manifests, Procfile, app.json, and which classic buildpacks it asks for."""
