import importlib.util
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        six = 'there' if importlib.util.find_spec('six') else 'missing'
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f'itsdangerous {version("itsdangerous")}, six {six}\n'.encode())


HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Answer).serve_forever()
