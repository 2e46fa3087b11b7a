import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f'shop {version("shop")} with itsdangerous {version("itsdangerous")}\n'.encode())


def serve():
    HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Answer).serve_forever()
