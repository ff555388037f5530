/** A person in front of a real browser, with or without something that holds passkeys, and everything it complained about. */
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';

/** A passkey as the virtual authenticator holds it. */
export interface HeldPasskey {
  credentialId: string;
  rpId?: string;
  userHandle?: string;
  privateKey: string;
  isResidentCredential: boolean;
  signCount: number;
}

/** One window of one person's browser. */
export interface Visitor extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console, thrown by scripts, and what a content security policy stopped; oldest first. */
  readonly complaints: string[];
  /** Every page that the main window showed, without what only led on: its address without query, oldest first. */
  readonly screens: string[];
  /** What goes into the browser's device, when it was given one. */
  readonly device: Device;
}

export interface VisitorOptions extends BrowserContextOptions {
  /** Whether the device can hold passkeys. Default true. */
  withDevice?: boolean;
}

/** Opens a browser of a person's own: no cookie is shared with another one. */
export async function openVisitor(browser: Browser, options: VisitorOptions = {}): Promise<Visitor> {
  const { withDevice = true, ...contextOptions } = options;
  const context = await browser.newContext({ locale: 'id', viewport: { width: 390, height: 844 }, ...contextOptions });
  context.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  const screens: string[] = [];
  const page = await context.newPage();
  pressOnceScriptsHaveRun(page);
  listen(page, complaints, screens);
  if (contextOptions.javaScriptEnabled !== false) await reportViolations(context);
  const device = new Device(await context.newCDPSession(page));
  if (withDevice) await device.plugIn();
  return { page, context, complaints, screens, device, [Symbol.asyncDispose]: () => context.close() };
}

/** A button that asks the device does so once the page's script has run; pressed before, it submits its form like any other. */
function pressOnceScriptsHaveRun(page: Page): void {
  const click = page.click.bind(page);
  page.click = async (selector, options) => {
    if (selector.includes('passkey')) {
      await page.waitForSelector(selector);
      await page.waitForLoadState();
    }
    await click(selector, options);
  };
}

function listen(page: Page, complaints: string[], screens: string[]): void {
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // A page that says no has a status of 400 or more, and the browser writes that down for every one of them.
    if (/^Failed to load resource: .* status of 4\d\d/.test(message.text()) && message.location().url === page.url())
      return;
    complaints.push(`${message.text()} (${new URL(page.url()).pathname})`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('response', (response) => {
    const request = response.request();
    if (!request.isNavigationRequest() || request.frame() !== page.mainFrame() || isRedirect(response.status())) return;
    screens.push(response.url().replace(/\?.*$/, ''));
  });
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Not every violation reaches the console; each is an event in the page. */
async function reportViolations(context: BrowserContext): Promise<void> {
  const content = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    console.error('policy violated: ' + violatedDirective + ' by ' + blockedURI);
  });`;
  await context.addInitScript({ content });
}

/** A phone or computer that can hold passkeys, played by Chromium itself (WebDriver: Virtual Authenticators). */
class Device {
  readonly #devtools: CDPSession;
  #id: string | undefined;

  constructor(devtools: CDPSession) {
    this.#devtools = devtools;
  }

  /** `cable` is a phone nearby that answers for a computer (hybrid transport, CTAP 2.2 §11.5). */
  async plugIn(transport: 'internal' | 'cable' = 'internal'): Promise<void> {
    await this.#devtools.send('WebAuthn.enable');
    const { authenticatorId } = await this.#devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    this.#id = authenticatorId;
  }

  /** Takes the device and everything on it away, and gives the person a new, empty one. */
  async replace(): Promise<void> {
    if (this.#id) await this.#devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.#id });
    await this.plugIn();
  }

  /** Whether the owner's finger, face or screen lock is recognised. */
  async recognises(isRecognised: boolean): Promise<void> {
    await this.#devtools.send('WebAuthn.setUserVerified', {
      authenticatorId: this.#plugged(),
      isUserVerified: isRecognised,
    });
  }

  /** Whether the owner reacts when asked; otherwise the browser's dialog stays open. */
  async reacts(doesReact: boolean): Promise<void> {
    await this.#devtools.send('WebAuthn.setAutomaticPresenceSimulation', {
      authenticatorId: this.#plugged(),
      enabled: doesReact,
    });
  }

  async passkeys(): Promise<HeldPasskey[]> {
    const { credentials } = await this.#devtools.send('WebAuthn.getCredentials', { authenticatorId: this.#plugged() });
    return credentials as HeldPasskey[];
  }

  async keep(credential: HeldPasskey): Promise<void> {
    await this.#devtools.send('WebAuthn.addCredential', {
      authenticatorId: this.#plugged(),
      credential: credential as never,
    });
  }

  async forget(): Promise<void> {
    await this.#devtools.send('WebAuthn.clearCredentials', { authenticatorId: this.#plugged() });
  }

  #plugged(): string {
    if (!this.#id) throw new Error('the browser has no device for passkeys');
    return this.#id;
  }
}
