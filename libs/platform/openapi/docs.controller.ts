/**
 * The API's documentation in three readers. This process serves every file, and the content security policy of each page
 * forbids other sources. The operator's document is available only at the console.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Controller, Get, Inject, Param, Redirect, Req, Res } from '@nestjs/common';
import type { Audience } from '#contracts/operation';
import { errorTable } from '#kernel';
import { SETTINGS, type Settings } from '#platform/config';
import { handledOperations, type HttpReply, type HttpRequest, Open } from '#platform/http';
import { openApiDocument } from './document.js';
import { ERRORS_POLICY, errorsPage } from './errors-page.js';
import { publicFile } from './files.js';
import { type ReaderName, readerPage } from './pages.js';
import { allProblems } from './responses.js';

const errors = errorTable({ not_found: ['not_found', 'There is nothing at this address.'] });

const VERSION = '1.0.0';
const YEAR_SECONDS = 31_536_000;

interface PreparedDocument {
  readonly text: string;
  readonly compressed: Buffer;
  readonly etag: string;
}

@Open()
@Controller()
export class DocsController {
  private readonly documents = new Map<Audience, PreparedDocument>();

  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'BASE_DOMAIN'>) {}

  @Get('api/v1/openapi.json')
  tenantDocument(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    this.sendDocument('tenant', request, reply);
  }

  @Get('operator/v1/openapi.json')
  operatorDocument(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    if (!this.isConsole(request)) throw errors.not_found();
    this.sendDocument('operator', request, reply);
  }

  @Get('openapi.json')
  @Redirect('/api/v1/openapi.json', 302)
  redirect() {
    return undefined;
  }

  @Get()
  @Redirect('/docs', 302)
  start() {
    return undefined;
  }

  @Get('docs/errors')
  errors(@Res() reply: HttpReply) {
    sendPage(errorsPage([...allProblems().values()]), ERRORS_POLICY, reply);
  }

  @Get('docs')
  swagger(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    this.read('swagger', request, reply);
  }

  @Get('redoc')
  redoc(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    this.read('redoc', request, reply);
  }

  @Get('reference')
  reference(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    this.read('scalar', request, reply);
  }

  @Get('docs/files/:name')
  file(@Param('name') name: string, @Req() request: HttpRequest, @Res() reply: HttpReply) {
    const file = publicFile(name, acceptsGzip(request));
    if (!file) throw errors.not_found();
    if (file.encoding) void reply.header('content-encoding', file.encoding);
    void reply
      .type(file.type)
      .header('vary', 'accept-encoding')
      .header('cache-control', `public, max-age=${YEAR_SECONDS}, immutable`)
      .send(file.content);
  }

  private read(reader: ReaderName, request: HttpRequest, reply: HttpReply): void {
    const { html, policy } = readerPage(
      reader,
      this.isConsole(request) ? '/operator/v1/openapi.json' : '/api/v1/openapi.json',
    );
    sendPage(html, policy, reply);
  }

  private sendDocument(audience: Audience, request: HttpRequest, reply: HttpReply): void {
    const { text, compressed, etag } = this.document(audience);
    void reply
      .header('etag', etag)
      .header('cache-control', 'public, no-cache')
      .header('vary', 'accept-encoding')
      .type('application/json; charset=utf-8');
    if (request.headers['if-none-match'] === etag) void reply.status(304).send();
    else if (acceptsGzip(request)) void reply.header('content-encoding', 'gzip').send(compressed);
    else void reply.send(text);
  }

  /** Made once, because operations do not change while a process runs. */
  private document(audience: Audience): PreparedDocument {
    const known = this.documents.get(audience);
    if (known) return known;
    const text = JSON.stringify(openApiDocument(audience, handledOperations(), VERSION));
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    const made = { text, compressed: gzipSync(text), etag };
    this.documents.set(audience, made);
    return made;
  }

  private isConsole(request: HttpRequest): boolean {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    return host === `console.${this.settings.BASE_DOMAIN}`;
  }
}

function sendPage(html: string, policy: string, reply: HttpReply): void {
  void reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(html);
}

function acceptsGzip(request: HttpRequest): boolean {
  return /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
}
