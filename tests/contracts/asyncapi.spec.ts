import { Parser } from '@asyncapi/parser';
import { asyncApiDocument } from '#contracts/asyncapi';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';

/** The severity of the parser's diagnostics. */
const SEVERITY_ERROR = 0;

describe('the AsyncAPI document', () => {
  it('is valid AsyncAPI 3, examples included, and describes every event', async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument('1.0.0')));
    const faults = diagnostics.filter((diagnostic) => Number(diagnostic.severity) === SEVERITY_ERROR);
    expect(faults.map((fault) => `${fault.path.join('.')}: ${fault.message}`)).toEqual([]);
    expect(document!.version()).toBe('3.0.0');
    expect(document!.messages().all()).toHaveLength(EVENT_CONTRACTS.length);
  });
});
