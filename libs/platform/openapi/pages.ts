/** One page per reader. Its script tag names the document; the starters in dist/public/docs read it from there. */
export type ReaderName = 'swagger' | 'redoc' | 'scalar';

interface Page {
  html(documentUrl: string): string;
  policy: string;
}

const policy = (...more: string[]) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...more,
  ].join('; ');

export const PAGES: Readonly<Record<ReaderName, Page>> = {
  swagger: {
    policy: policy(),
    html: (url) =>
      shell(
        'API',
        `<link rel="stylesheet" href="/docs/files/swagger-ui.css"><div id="reader" data-document="${url}"></div>`,
        ['swagger-ui-bundle.js', 'start-swagger.js'],
      ),
  },
  redoc: {
    policy: policy("worker-src 'self' blob:"),
    html: (url) =>
      shell('API reference', `<div id="reader" data-document="${url}"></div>`, [
        'redoc.standalone.js',
        'start-redoc.js',
      ]),
  },
  scalar: {
    policy: policy("worker-src 'self' blob:"),
    html: (url) =>
      shell('API reference', `<div id="reader" data-document="${url}"></div>`, [
        'scalar.standalone.js',
        'start-scalar.js',
      ]),
  },
};

function shell(title: string, body: string, scripts: string[]): string {
  const tags = scripts.map((name) => `<script src="/docs/files/${name}"></script>`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>BaseCommerce ${title}</title></head><body style="margin:0">${body}${tags}</body></html>`;
}
