/** `/docs/errors`: the page to which the `type` of every problem document links. Made from the rooms' error tables. */
import type { KnownProblem } from './responses.js';

export const ERRORS_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8884;padding:.4rem;text-align:left;vertical-align:top}
a{color:inherit}tr:target{background:#ffd54a55}`;

export function errorsPage(problems: readonly KnownProblem[]): string {
  const rows = inOrder(problems).map(
    ({ code, status, message }) =>
      `<tr id="${code}"><td><a href="#${code}"><code>${code}</code></a></td><td>${status}</td><td>${escaped(message)}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>BaseCommerce errors</title><style>${STYLE}</style></head>
<body><h1>Errors</h1><p>Every refusal is <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; <code>errors</code> points at members.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Means</th></tr></thead><tbody>${rows.join('')}</tbody></table></body></html>`;
}

/** The same table for docs/reference. */
export function errorsMarkdown(problems: readonly KnownProblem[]): string {
  const rows = inOrder(problems).map(({ code, status, message }) => `| \`${code}\` | ${status} | ${message} |`);
  return `# Errors\n\nMade from the rooms’ error tables. Every refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\`; its \`type\` is \`/docs/errors#<code>\`, this table on the running system.\n\n| Code | Status | Means |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function inOrder(problems: readonly KnownProblem[]): KnownProblem[] {
  return [...problems].sort((a, b) => (a.code < b.code ? -1 : 1));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
