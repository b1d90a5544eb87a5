/**
 * The API's documentation in three readers, every file from this process: nothing is fetched from elsewhere, which the
 * content security policy of each page enforces.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Controller, Get, Param, Redirect, Req, Res } from '@nestjs/common';
import { DomainError, knownErrors } from '#kernel';
import { handledOperations, type HttpReply, type HttpRequest, Open } from '#platform/http';
import { openApiDocument } from './document.js';
import { ERRORS_POLICY, errorsPage } from './errors-page.js';
import { PAGES, type ReaderName } from './pages.js';

const VERSION = '1.0.0';
const YEAR_SECONDS = 31_536_000;
/** dist/public/docs, filled by the build from the readers' own packages. */
const FILES = path.resolve(import.meta.dirname, '../../../public/docs');
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

@Open()
@Controller()
export class DocsController {
  @Get('api/v1/openapi.json')
  tenantDocument() {
    return openApiDocument('tenant', handledOperations(), VERSION);
  }

  @Get('operator/v1/openapi.json')
  operatorDocument() {
    return openApiDocument('operator', handledOperations(), VERSION);
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
    void reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', ERRORS_POLICY)
      .send(errorsPage(knownErrors()));
  }

  @Get('docs')
  swagger(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    page('swagger', request, reply);
  }

  @Get('redoc')
  redoc(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    page('redoc', request, reply);
  }

  @Get('reference')
  reference(@Req() request: HttpRequest, @Res() reply: HttpReply) {
    page('scalar', request, reply);
  }

  @Get('docs/files/:name')
  file(@Param('name') name: string, @Res() reply: HttpReply) {
    const type = TYPES[path.extname(name)];
    if (!type || !/^[a-z0-9.-]+$/.test(name)) throw missing();
    let content: Buffer;
    try {
      content = readFileSync(path.join(FILES, name));
    } catch {
      throw missing();
    }
    void reply.type(type).header('cache-control', `public, max-age=${YEAR_SECONDS}, immutable`).send(content);
  }
}

function page(reader: ReaderName, request: HttpRequest, reply: HttpReply): void {
  const isConsole = (request.headers.host ?? '').startsWith('console.');
  const { html, policy } = PAGES[reader];
  void reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .send(html(isConsole ? '/operator/v1/openapi.json' : '/api/v1/openapi.json'));
}

function missing(): DomainError {
  return new DomainError('not_found', 'not_found', 'There is nothing at this address.');
}
