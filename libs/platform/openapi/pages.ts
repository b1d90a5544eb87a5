/** One page per documentation reader. Its element names the document, and the scripts in dist/public/docs read that name. */
import { addressOf } from './files.js';

export type ReaderName = 'swagger' | 'redoc' | 'scalar';

interface Reader {
  readonly title: string;
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
  /** Content security policy in addition to that of every page. */
  readonly allowances: readonly string[];
}

const READERS: Readonly<Record<ReaderName, Reader>> = {
  swagger: {
    title: 'API',
    styles: ['swagger-ui.css'],
    scripts: ['swagger-ui-bundle.js', 'start-swagger.js'],
    allowances: [],
  },
  redoc: {
    title: 'API reference',
    styles: [],
    scripts: ['redoc.js', 'start-redoc.js'],
    allowances: ["worker-src 'self' blob:"],
  },
  scalar: {
    title: 'API reference',
    styles: [],
    scripts: ['scalar.js', 'start-scalar.js'],
    allowances: ["worker-src 'self' blob:"],
  },
};

/** Allows only scripts of this host, never inline ones. The readers set inline styles, so styles need 'unsafe-inline'. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
];

export function readerPage(reader: ReaderName, documentUrl: string): { html: string; policy: string } {
  const { title, styles, scripts, allowances } = READERS[reader];
  const links = styles.map((name) => `<link rel="stylesheet" href="${addressOf(name)}">`).join('');
  const tags = scripts.map((name) => `<script src="${addressOf(name)}"></script>`).join('');
  return {
    policy: [...POLICY, ...allowances].join('; '),
    html:
      '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">' +
      '<meta name="viewport" content="width=device-width, initial-scale=1">' +
      `<title>BaseCommerce ${title}</title>${links}</head>` +
      `<body style="margin:0"><div id="reader" data-document="${documentUrl}"></div>${tags}</body></html>`,
  };
}
