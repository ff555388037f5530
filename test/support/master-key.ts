/** The same in every test, so that the template database opens. */
export const testMasterKey = Buffer.from('lawang test master key, 32 bytes');
