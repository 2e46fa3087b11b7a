import bz2, ctypes, curses, dbm.ndbm, lzma, readline, sqlite3, ssl, uuid, zlib, zoneinfo  # noqa
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

zoneinfo.ZoneInfo('Europe/Vienna')


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f'itsdangerous {version("itsdangerous")}, modules fine'.encode())


HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Page).serve_forever()
