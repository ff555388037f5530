import os
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session
from markupsafe import escape

redirect_uri = os.environ['OIDC_REDIRECT_URI']
app = Flask(__name__)
app.secret_key = os.urandom(32)
# Ports of one host share their cookies, and the provider on localhost has one named `session`.
app.config.update(SESSION_COOKIE_NAME='quick-start', SESSION_COOKIE_SAMESITE='Lax')
lawang = OAuth(app).register(
    'lawang',
    client_id=os.environ['OIDC_CLIENT_ID'],
    client_secret=os.environ['OIDC_CLIENT_SECRET'],
    server_metadata_url=os.environ['OIDC_ISSUER'] + '/.well-known/openid-configuration',
    client_kwargs={'scope': 'openid profile email', 'code_challenge_method': 'S256'},
)


@app.get('/')
def home():
    if 'name' not in session:
        return '<a id="sign-in" href="/sign-in">Masuk dengan Lawang</a>'
    return f'<p>Selamat datang, <b id="signed-in-name">{escape(session["name"])}</b></p>'


@app.get('/sign-in')
def sign_in():
    return lawang.authorize_redirect(redirect_uri)


@app.get(urlsplit(redirect_uri).path)
def callback():
    token = lawang.authorize_access_token()
    person = lawang.userinfo(token=token)
    session['subject'], session['name'] = person['sub'], person['name']
    return redirect('/')


app.run(port=urlsplit(redirect_uri).port)
