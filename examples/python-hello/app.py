import platform

from flask import Flask

app = Flask(__name__)


@app.get('/')
def hello() -> str:
    return f'Hello from Python {platform.python_version()}\n'
