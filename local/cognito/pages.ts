/** Writes text into HTML so that it stays text. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { min-height: 100vh; margin: 0; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { width: min(22rem, 90vw); padding: 2rem; border: 1px solid #8886; border-radius: .75rem; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
p { margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; padding: .6rem .75rem; font: inherit; border-radius: .4rem; }
input { border: 1px solid #888; }
button { margin-top: 1.5rem; border: 0; background: #0b5cad; color: #fff; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid #f5a623; outline-offset: 2px; }
.error { padding: .6rem .75rem; border-left: .3rem solid #b3261e; background: #b3261e22; }
`;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · labgate</title>
<style>${STYLE}</style>
</head>
<body><main>${body}</main></body>
</html>
`;

/** Headers of every page: nothing is loaded, framed or kept. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  // Without a referrer browsers send the form with `Origin: null`, which is nobody of this computer.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** The login form. */
export function loginPage(fields: { uid: string; username: string; client: string; error?: string }): string {
  const error = fields.error ? `<p class="error" role="alert">${escapeHtml(fields.error)}</p>` : '';
  return page(
    'Sign in',
    `<h1>Sign in</h1>
<p>to ${escapeHtml(fields.client)}, on this computer. The sample users and their passwords are in users.json of the credentials folder.</p>
${error}
<form method="post" action="login">
<input type="hidden" name="uid" value="${escapeHtml(fields.uid)}">
<label for="username">User name</label>
<input id="username" name="username" value="${escapeHtml(fields.username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form>`,
  );
}

/** The form for whoever has signed in with a temporary password. */
export function newPasswordPage(fields: { uid: string; client: string; error?: string }): string {
  const error = fields.error ? `<p class="error" role="alert">${escapeHtml(fields.error)}</p>` : '';
  return page(
    'Choose a password',
    `<h1>Choose a password</h1>
<p>for ${escapeHtml(fields.client)}: the temporary one is used up with this sign-in.</p>
${error}
<form method="post" action="login">
<input type="hidden" name="uid" value="${escapeHtml(fields.uid)}">
<label for="new_password">New password</label>
<input id="new_password" name="new_password" type="password" autocomplete="new-password" required autofocus>
<button type="submit">Sign in</button>
</form>`,
  );
}

/** Says what went wrong, or that something is done. */
export function messagePage(title: string, text: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);
}
