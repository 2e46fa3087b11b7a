import os

from flask import Flask

app = Flask(__name__)


@app.get('/')
def hello() -> str:
    workers = 'set' if int(os.environ['WEB_CONCURRENCY']) >= 1 else 'odd'
    return f'Flask in {os.getcwd()}, unbuffered {os.environ["PYTHONUNBUFFERED"]}, workers {workers}'
