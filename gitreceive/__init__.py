"""gitreceive: a git push-to-deploy receiver. A push comes in over SSH, a release comes out."""

__version__ = '0.1.0'
