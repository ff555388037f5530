import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Writes the paths of the test files that failed, one a line, into the file that `FAILED_FILES` names, so that they can be run
 * once more by themselves. An error that no file can be blamed for leaves no line, and a run that is cut off no file.
 */
export default class FailedFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const { FAILED_FILES } = process.env;
    if (!FAILED_FILES) return;
    const failed = modules.filter((module) => !module.ok()).map(({ moduleId }) => moduleId);
    const blamed = unhandled.map((error): unknown => error.VITEST_TEST_PATH).filter((path) => typeof path === 'string');
    writeFileSync(FAILED_FILES, [...new Set([...failed, ...blamed])].map((path) => `${path}\n`).join(''));
  }
}
