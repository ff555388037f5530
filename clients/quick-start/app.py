import os
from secrets import token_urlsafe
from urllib.parse import urlsplit

import jwt
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
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
keys = jwt.PyJWKClient(lawang.load_server_metadata()['jwks_uri'])
# On the server, where Lawang can end them. A real app has both in its database.
people, logouts_had = {}, set()


@app.get('/')
def home():
    person = people.get(session.get('id'))
    if not person:
        return '<a id="sign-in" href="/sign-in">Masuk dengan Lawang</a>'
    return f'<p>Selamat datang, <b id="signed-in-name">{escape(person["name"])}</b></p>'


@app.get('/sign-in')
def sign_in():
    return lawang.authorize_redirect(redirect_uri)


@app.get(urlsplit(redirect_uri).path)
def callback():
    token = lawang.authorize_access_token()
    person = lawang.userinfo(token=token)
    people.pop(session.get('id'), None)
    session['id'] = token_urlsafe()
    people[session['id']] = {'sub': person['sub'], 'sid': token['userinfo'].get('sid'), 'name': person['name']}
    return redirect('/')


# Register this address as `backchannel_logout_uri`: Lawang says who is signed out (OpenID Connect Back-Channel Logout 1.0).
@app.post('/backchannel-logout')
def backchannel_logout():
    try:
        logout = read_logout(request.form['logout_token'])
    except jwt.PyJWKClientConnectionError:
        return '', 503, {'Cache-Control': 'no-store'}
    except (KeyError, TypeError, ValueError, jwt.PyJWTError):
        return {'error': 'invalid_request'}, 400, {'Cache-Control': 'no-store'}
    if logout['jti'] not in logouts_had:
        logouts_had.add(logout['jti'])
        for id, person in list(people.items()):
            if all(logout.get(name) in (None, person[name]) for name in ('sub', 'sid')):
                people.pop(id, None)
    return '', 200, {'Cache-Control': 'no-store'}


def read_logout(token):
    said = jwt.decode_complete(token, keys.get_signing_key_from_jwt(token).key, algorithms=['ES256', 'RS256'],
        issuer=os.environ['OIDC_ISSUER'], audience=os.environ['OIDC_CLIENT_ID'], leeway=30,
        options={'require': ['iat', 'exp', 'jti', 'events']})
    logout = said['payload']
    if said['header'].get('typ') != 'logout+jwt' or 'nonce' in logout or not (logout.get('sub') or logout.get('sid')):
        raise ValueError('no logout token')
    if not isinstance(logout['events']['http://schemas.openid.net/event/backchannel-logout'], dict):
        raise ValueError('no logout event')
    return logout


app.run(port=urlsplit(redirect_uri).port)
