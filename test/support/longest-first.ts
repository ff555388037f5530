/**
 * Starts first what takes longest, so that no worker is left alone with it at the end. Where earlier runs are remembered,
 * Vitest goes by these; elsewhere (in CI) it would go by the size of the files, which says little about browsers.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Each takes half a minute or more; the longest first. */
const longest = [
  'browser/accessibility',
  'browser/console',
  'registry/at-size',
  'cli/workers',
  'security/input',
  'cli/serve',
  'registry/inventory-imports',
  'oidc/plans',
  'newcomer',
  'journeys/key-rotation',
  'browser/ways-back',
].map((name) => `/test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
