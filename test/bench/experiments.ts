/** Questions about the server alone, each with an answer of its own shape; run only when named. */

export const experimentNames: readonly string[] = [];
