<?php
require __DIR__ . '/vendor/autoload.php';

if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/') {
    exit('<a id="sign-in" href="' . parse_url(getenv('OIDC_REDIRECT_URI'), PHP_URL_PATH) . '">Masuk dengan Lawang</a>');
}

$lawang = new Jumbojett\OpenIDConnectClient(getenv('OIDC_ISSUER'), getenv('OIDC_CLIENT_ID'), getenv('OIDC_CLIENT_SECRET'));
$lawang->setRedirectURL(getenv('OIDC_REDIRECT_URI'));
$lawang->setCodeChallengeMethod('S256');
$lawang->addScope(['profile', 'email']);
$lawang->authenticate();

$name = $lawang->requestUserInfo('name');
echo '<p>Selamat datang, <b id="signed-in-name">' . htmlspecialchars($name) . '</b></p>';
