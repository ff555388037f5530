<?php
require __DIR__ . '/vendor/autoload.php';

// Ports of one host share their cookies, and the provider on localhost has some as well.
session_name('quick-start');
session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$lawang = new Jumbojett\OpenIDConnectClient(getenv('OIDC_ISSUER'), getenv('OIDC_CLIENT_ID'), getenv('OIDC_CLIENT_SECRET'));

// What has ended, by the names of sessions, people and tokens: here as empty files. A real app has a table.
$mark = fn(?string $id) => sys_get_temp_dir() . '/quick-start-ended-' . hash('sha256', $id ?? '');

// Register this address as `backchannel_logout_uri`: Lawang says who is signed out (OpenID Connect Back-Channel Logout 1.0).
if ($path === '/backchannel-logout') {
    header('Cache-Control: no-store');
    try {
        // The library looks at signature, iss, aud, iat and nonce; not at whether there is an event, an end, and an id.
        $isGenuine = $_SERVER['REQUEST_METHOD'] === 'POST' && $lawang->verifyLogoutToken()
            && isset($lawang->getVerifiedClaims('events')->{'http://schemas.openid.net/event/backchannel-logout'})
            && $lawang->getVerifiedClaims('exp') > time() && is_string($lawang->getVerifiedClaims('jti'));
    } catch (Throwable $error) {
        $isGenuine = false;
    }
    http_response_code($isGenuine ? 200 : 400);
    if ($isGenuine && !is_file($mark($lawang->getVerifiedClaims('jti')))) {
        touch($mark($lawang->getVerifiedClaims('jti')));
        touch($mark($lawang->getVerifiedClaims('sid') ?? $lawang->getVerifiedClaims('sub')));
    }
    exit;
}

foreach ([$_SESSION['sid'] ?? null, $_SESSION['sub'] ?? null] as $id) {
    if ($id !== null && is_file($mark($id)) && filemtime($mark($id)) >= $_SESSION['since']) {
        $_SESSION = [];
    }
}

if ($path !== '/') {
    $lawang->setRedirectURL(getenv('OIDC_REDIRECT_URI'));
    $lawang->setCodeChallengeMethod('S256');
    $lawang->addScope(['profile', 'email']);
    $lawang->authenticate();
    $claims = $lawang->getVerifiedClaims();
    session_regenerate_id(true);
    $_SESSION = ['sub' => $claims->sub, 'sid' => $claims->sid ?? null, 'since' => time(), 'name' => $lawang->requestUserInfo('name')];
    header('Location: /', true, 303);
    exit;
}

echo isset($_SESSION['name'])
    ? '<p>Selamat datang, <b id="signed-in-name">' . htmlspecialchars($_SESSION['name']) . '</b></p>'
    : '<a id="sign-in" href="' . parse_url(getenv('OIDC_REDIRECT_URI'), PHP_URL_PATH) . '">Masuk dengan Lawang</a>';
