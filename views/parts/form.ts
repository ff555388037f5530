import { type Content, type Html, html } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import type { SaidProblem } from './problem.ts';

/** A form that posts to its own address or to another of ours, with the token that proves it came from our page. */
export function form(frame: Frame, content: Content, action?: `/${string}`): Html {
  return html`<form method="post"${action && html` action="${action}"`} novalidate>
${hidden('csrf', frame.csrf)}${content}
</form>`;
}

/** The same with a file in it; see `fileField` of the console. */
export function uploadForm(frame: Frame, content: Content, action?: `/${string}`): Html {
  return html`<form method="post"${action && html` action="${action}"`} enctype="multipart/form-data" novalidate>
${hidden('csrf', frame.csrf)}${content}
</form>`;
}

/** A field nobody sees; none at all when there is no value. */
export function hidden(name: string, value: string | undefined): Html | false {
  return value !== undefined && html`<input type="hidden" name="${name}" value="${value}">`;
}

type Button = {
  id?: string;
  /** `action` unless the choice has a name of its own. */
  name?: string;
  value: string;
  label: Content;
  /**
   * `main` for what one came to do, `other` beside it, `equal` where no choice may weigh more than its neighbour,
   * `quiet` for ways out, `stop` where something ends.
   */
  look: 'main' | 'other' | 'equal' | 'quiet' | 'stop';
  hook?: string;
  icon?: Html;
  /** Lets the script run WebAuthn before the form leaves; see assets/passkey.js. */
  passkey?: 'get' | 'create';
  /** Says more to screen readers where several buttons read alike. */
  describedBy?: string;
};

/** A choice: a submit button with a name and a value, so that it works without any script. */
export function button(choice: Button): Html {
  const classes = ['button', choice.look, choice.hook].filter(Boolean).join(' ');
  return html`<button type="submit"${choice.id && html` id="${choice.id}"`} name="${choice.name ?? 'action'}" value="${choice.value}" class="${classes}"${choice.passkey && html` data-webauthn="${choice.passkey}"`}${choice.describedBy && html` aria-describedby="${choice.describedBy}"`}>${choice.icon}<span>${choice.label}</span></button>`;
}

/** The way back to the app, where there is one to go back to. */
export function cancelButton({ mayCancel, language }: Frame & { mayCancel: boolean }): Html | false {
  const label = translate(language)('form.cancel');
  return mayCancel && button({ id: 'cancel', value: 'cancel', label, look: 'quiet' });
}

type Field = {
  /** The id too, unless there is one: where a page has several fields of this name. */
  name: string;
  id?: string;
  label: string;
  value?: string | undefined;
  hint?: Content;
  type?: 'text' | 'password';
  autocomplete: string;
  inputmode?: 'numeric' | 'email';
  maxlength?: number;
  hook?: string;
  /** Names of people and identifiers are no words to be corrected. */
  plain?: boolean;
  problems: readonly SaidProblem[];
};

/** A labelled field with its hint and, where it stands in the way, its problem. */
export function field(wanted: Field): Html {
  const problem = wanted.problems.find((said) => said.field === wanted.name);
  const id = wanted.id ?? wanted.name;
  const hintId = wanted.hint ? `${id}-hint` : undefined;
  const problemId = problem ? `${id}-problem` : undefined;
  const describedBy = [hintId, problemId].filter(Boolean).join(' ');
  return html`<div class="field${problem && ' field-wrong'}">
<label for="${id}">${wanted.label}</label>
${hintId && html`<p class="hint" id="${hintId}">${wanted.hint}</p>`}
${problem && html`<p class="wrong" id="${problemId}">${problem.text}</p>`}
<input type="${wanted.type ?? 'text'}" id="${id}" name="${wanted.name}" autocomplete="${wanted.autocomplete}"${fieldDetails(wanted)}${problem && html` aria-invalid="true"`}${describedBy && html` aria-describedby="${describedBy}"`}>
</div>`;
}

function fieldDetails(wanted: Field): Content {
  return [
    wanted.value !== undefined && html` value="${wanted.value}"`,
    wanted.inputmode && html` inputmode="${wanted.inputmode}"`,
    wanted.maxlength && html` maxlength="${wanted.maxlength}"`,
    wanted.hook && html` class="${wanted.hook}"`,
    wanted.plain && html` autocapitalize="none" autocorrect="off" spellcheck="false"`,
  ];
}

/** One tick box with its words; unticked unless told otherwise. */
export function tickBox(box: { id: string; name: string; value: string; label: Content; ticked?: boolean }): Html {
  return html`<div class="tick"><input type="checkbox" id="${box.id}" name="${box.name}" value="${box.value}"${box.ticked && html` checked`}><label for="${box.id}">${box.label}</label></div>`;
}

/** One of several choices of which one is taken; `id` where several forms of a page have the same. */
export function radio(choice: { name: string; value: string; label: Content; chosen?: boolean; id?: string }): Html {
  const id = choice.id ?? `${choice.name}-${choice.value}`;
  return html`<div class="tick"><input type="radio" id="${id}" name="${choice.name}" value="${choice.value}"${choice.chosen && html` checked`}><label for="${id}">${choice.label}</label></div>`;
}
