/** `/docs/errors`: where the `type` of every problem document leads. Made from the rooms' own error tables. */
import type { KnownError } from '#kernel';

export const ERRORS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

export function errorsPage(errors: readonly KnownError[]): string {
  const rows = errors.map(
    ({ code, kind, message }) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${kind.replaceAll('_', ' ')}</td><td>${escaped(message)}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>BaseCommerce errors</title><style>
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;padding:.4rem;text-align:left;vertical-align:top}tr:target{background:#fff3c4}</style></head>
<body><h1>Errors</h1><p>Every refusal is <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; <code>errors</code> points at members.</p>
<table><thead><tr><th>Code</th><th>Kind</th><th>Means</th></tr></thead><tbody>${rows.join('')}</tbody></table></body></html>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
