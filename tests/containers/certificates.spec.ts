/**
 * Plays the steps of docs/runbooks/certificates.md, verbatim, on a droplet made by bootstrap and install: the real
 * certbot, an ACME server, challenges over real DNS, and Nginx from the package.
 */
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Ran } from './docker.js';
import { Load } from './certificates/load.js';
import { AUTHORITY, DOMAIN, Machine } from './certificates/machine.js';
import { eventually } from './waiting.js';

const MINUTE = 60_000;
const USAGE = 64;
const STORE = `acme.${DOMAIN}`;
const DAY = 86_400;

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.start();
}, 10 * MINUTE);
afterAll(() => machine?.end(), MINUTE);

/** The runbook's command with another authority, and without the minute that public name servers need. */
const certificate = (words: string, input = '') =>
  machine.tryShell(`/opt/basecommerce/nginx/certificate ${words.replace('AUTHORITY', AUTHORITY)}`, input);
const FIRST = '--plugin rfc2136 --server AUTHORITY -- --dns-rfc2136-propagation-seconds 1';

/** The gateway's certificate for this name, if a browser would accept it. */
function shown(host = STORE): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: machine.address, port: 443, servername: host, ca: machine.trusted }, () => {
      resolve(socket.getPeerX509Certificate()!);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** The command of the timer, twice a day. */
/** Starts it as the timer does; systemd refuses the sixth start within ten seconds, which a timer never reaches. */
const timed = () => machine.tryShell('systemctl reset-failed certbot.service; systemctl start certbot.service');
const metric = async (name: string) =>
  Number(
    (await machine.shell(`grep -h '^basecommerce_${name}[ {]' /var/lib/basecommerce/metrics/*.prom`)).split(' ')[1],
  );
const lastRun = () => metric('job_last_exit_code{job="certificate"}');
const lastWords = () => machine.shell('journalctl -t basecommerce-job -o cat --no-pager | tail -20');
/** Makes a renewal due by certbot's own setting, because otherwise none is due for two months. */
const makeDue = (isDue: boolean) =>
  machine.shell(
    `cd /etc/letsencrypt/renewal && sed -i '/^renew_before_expiry/d' *.conf ${isDue ? `&& sed -i '1i renew_before_expiry = 365 days' *.conf` : ''}`,
  );

async function mustRenew(): Promise<void> {
  if ((await timed()).code !== 0) throw new Error(await lastWords());
}

/** Waits for the end of a reload: the old processes release the port a moment after the request. */
function shownAfter(before: string): Promise<string> {
  return eventually(
    async () => (await shown()).serialNumber,
    (serial) => serial !== before,
    5,
  );
}

function mustWork(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`exit ${ran.code}\n${ran.stderr}`);
  return ran;
}

describe('a machine after bootstrap and install', () => {
  it('has the timer of renewals, and a certificate that is named as a placeholder', async () => {
    expect(await machine.shell('systemctl is-enabled certbot.timer')).toBe('enabled');
    expect(await machine.shell('systemctl is-active certbot.timer')).toBe('active');
    await expect(shown()).rejects.toThrow(/self-signed/);
    const status = JSON.parse((await machine.tryShell('/opt/basecommerce/bin/status --json')).stdout);
    expect(status).toContainEqual(expect.objectContaining({ what: 'certificate', light: 'amber' }));
  });

  it.each<[string, string, RegExp]>([
    ['', '', /who answers the challenge\? Give --plugin/],
    ['--plugin', '', /--plugin needs a value/],
    ['--plugin "x;y"', '', /--plugin takes a name such as cloudflare/],
    ['--plugin rfc2136', '', /the credentials of dns-rfc2136 belong on standard input; there are none yet/],
    ['--plugin nowhere', 'token = 1', /no package python3-certbot-dns-nowhere; there are .*cloudflare.*rfc2136/],
    ['--renew --force', '', /give nothing with it/],
    ['--nonsense', '', /there is no option --nonsense/],
  ])(
    'gets the reason why `certificate %s` is refused',
    async (words, input, complaint) => {
      const { code, stderr } = await certificate(words, input);
      const complaints = stderr.split('\n').filter((line) => line.startsWith('certificate: '));
      expect(complaints).toEqual([expect.stringMatching(complaint)]);
      expect(code).toBe(USAGE);
    },
    MINUTE,
  );

  it('is not changed by a dry run, which prints the plan', async () => {
    const before = await machine.shell('find /etc -type f -newer /etc/basecommerce/droplet.conf | sort | sha256sum');
    const { code, stderr } = await certificate(`--plugin rfc2136 --dry-run`, await machine.credentials());
    expect(code).toBe(0);
    expect(stderr).toMatch(/ask for a certificate for \*\.shop\.test and shop\.test/);
    expect(await machine.shell('find /etc -type f -newer /etc/basecommerce/droplet.conf | sort | sha256sum')).toBe(
      before,
    );
  });
});

describe('one command', () => {
  it(
    'gets a certificate through a delegated challenge, and the gateway serves it',
    async () => {
      const startedAt = Date.now();
      mustWork(await certificate(FIRST, await machine.credentials()));
      console.log(`the first certificate is served after ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
      const certificateOfStore = await shown();
      expect(certificateOfStore.subjectAltName!.split(', ').sort()).toEqual([`DNS:*.${DOMAIN}`, `DNS:${DOMAIN}`]);
      expect(certificateOfStore.publicKey.asymmetricKeyType).toBe('ec');
      for (const host of [`console.${DOMAIN}`, DOMAIN])
        expect((await shown(host)).serialNumber).toBe(certificateOfStore.serialNumber);
      // A client with an unknown name still gets the placeholder.
      await expect(shown('evil.test')).rejects.toThrow(/self-signed/);
      const curl = `curl -s --resolve ${DOMAIN}:443:127.0.0.1 --cacert <(curl -sf https://authority.test:15000/roots/0)`;
      expect(JSON.parse(await machine.shell(`${curl} https://${DOMAIN}/`))).toMatchObject({ code: 'unknown_host' });
    },
    3 * MINUTE,
  );

  it('keeps credentials and keys readable by root only, and removes the record of the challenge', async () => {
    const keys = '/etc/basecommerce/dns.ini /etc/basecommerce/certificates/*/privkey.pem';
    expect(await machine.shell(`stat -L -c '%a %U' ${keys} | sort -u`)).toBe('600 root');
    await expect(machine.resolver.resolveTxt(`_acme-challenge.${DOMAIN}`)).rejects.toThrow(/ENODATA/);
    expect(await machine.resolver.resolveNs(`_acme-challenge.${DOMAIN}`)).toEqual([`challenge.${DOMAIN}`]);
  });

  it('sets up the renewal, and prints when the certificate ends', async () => {
    const [starts, ends] = [await metric('certificate_starts_seconds'), await metric('certificate_ends_seconds')];
    expect(ends).toBe(Date.parse((await shown()).validTo) / 1_000);
    expect(ends - starts).toBeCloseTo(90 * DAY, -2);
    expect(await lastRun()).toBe(0);
    expect(await machine.shell('systemctl show -P NextElapseUSecRealtime certbot.timer')).toMatch(/\d/);
    const status = JSON.parse((await machine.tryShell('/opt/basecommerce/bin/status --json')).stdout);
    expect(status).toContainEqual({ light: 'green', what: 'certificate', says: '89 of 89 days left' });
  });

  it(
    'requests no certificate when it is run again, but keeps the new credentials',
    async () => {
      const before = (await shown()).serialNumber;
      mustWork(await certificate(FIRST, `${await machine.credentials()}\n# again`));
      expect(await machine.shell('tail -n 1 /etc/basecommerce/dns.ini')).toBe('# again');
      mustWork(await certificate(FIRST));
      expect((await shown()).serialNumber).toBe(before);
    },
    MINUTE,
  );
});

describe('the timer', () => {
  it('does nothing while nothing is due', async () => {
    const before = (await shown()).serialNumber;
    await mustRenew();
    expect((await shown()).serialNumber).toBe(before);
  });

  it(
    'renews three times while requests come in, and none of them fails',
    async () => {
      await makeDue(true);
      const load = new Load(machine.address, STORE, machine.trusted);
      const serials = [(await shown()).serialNumber];
      try {
        for (let round = 0; round < 3; round++) {
          await mustRenew();
          serials.push(await shownAfter(serials.at(-1)!));
          await new Promise((resolve) => setTimeout(resolve, 1_000));
        }
      } finally {
        await load.end();
        await makeDue(false);
      }
      const count = load.count;
      console.log(
        `three renewals at ${load.perSecond.toFixed(0)} requests/s: ${count.sent} sent, ${count.failures.length} failed`,
      );
      expect(new Set(serials).size).toBe(4);
      expect([...count.shown].sort()).toEqual(serials.sort());
      expect(count.failures).toEqual([]);
      expect(count.ok).toBe(count.sent);
      expect(load.perSecond).toBeGreaterThan(10);
    },
    3 * MINUTE,
  );
});

describe('a renewal that fails leaves the old certificate serving, and is seen', () => {
  beforeAll(() => makeDue(true));
  afterAll(() => makeDue(false));

  /** The old certificate stays, the run is a failed job, and its last line names the certificate and its end. */
  async function expectFailedRun(reason: RegExp): Promise<void> {
    const before = (await shown()).serialNumber;
    const ends = await metric('certificate_ends_seconds');
    expect((await timed()).code).not.toBe(0);
    expect((await shown()).serialNumber).toBe(before);
    expect(await lastRun()).toBe(1);
    expect(await lastWords()).toMatch(reason);
    expect(await lastWords()).toMatch(/certificate: .*; the old one serves until \w+ +\d+ .* GMT/);
    expect(await metric('certificate_ends_seconds')).toBe(ends);
  }

  async function expectGoodRun(): Promise<void> {
    const before = (await shown()).serialNumber;
    await mustRenew();
    await shownAfter(before);
    expect(await lastRun()).toBe(0);
  }

  it(
    'because the authority cannot be reached',
    async () => {
      await machine.shell('iptables -I OUTPUT -p tcp --dport 14000 -j REJECT');
      await expectFailedRun(/certbot could not renew/);
      await machine.shell('iptables -D OUTPUT -p tcp --dport 14000 -j REJECT');
      await expectGoodRun();
    },
    2 * MINUTE,
  );

  it(
    'because the key of the zone has changed, until the command gets the new one',
    async () => {
      await machine.challenge('key');
      await expectFailedRun(/certbot could not renew/);
      mustWork(await certificate(FIRST, await machine.credentials()));
      await expectGoodRun();
    },
    2 * MINUTE,
  );

  it(
    'because Nginx refuses its configuration, and the next run installs the certificate',
    async () => {
      await machine.shell('echo "nonsense;" >> /etc/nginx/basecommerce/trusted.conf');
      await expectFailedRun(/the gateway did not take the new certificate/);
      await makeDue(false);
      const issued = new X509Certificate(await machine.shell(`cat /etc/letsencrypt/live/${DOMAIN}/cert.pem`));
      await machine.shell('sed -i /nonsense/d /etc/nginx/basecommerce/trusted.conf');
      await expectGoodRun();
      expect((await shown()).serialNumber).toBe(issued.serialNumber);
      await makeDue(true);
    },
    2 * MINUTE,
  );
});

describe('a name server that has no plug-in', () => {
  it(
    'lets the machine itself answer the challenge, for renewals as well',
    async () => {
      await machine.challenge('gateway');
      const before = (await shown()).serialNumber;
      mustWork(await certificate('--plugin standalone --server AUTHORITY'));
      const first = (await shown()).serialNumber;
      expect(first).not.toBe(before);
      expect(await machine.shell('ufw status')).toMatch(/^53 +ALLOW/m);
      await makeDue(true);
      await mustRenew();
      await makeDue(false);
      expect((await shown()).serialNumber).not.toBe(first);
    },
    2 * MINUTE,
  );
});
