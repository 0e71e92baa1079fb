import {Index} from './data';
import {element} from './dom';
import {type Card, type CardKind, groupOf} from './scene';
import {counted, natural, shown} from './text';

// Which cards are shown. What is filtered out keeps its place, so that nothing moves.

const KINDS: Partial<Record<CardKind, string>> = {
  host: 'the host',
  container: 'containers and pods',
  plain: 'other namespaces',
  hidden: 'hidden'
};

export class Filters {
  private readonly without = new Set<CardKind>();
  private project = '';
  private down = false;
  private index: Index|null = null;
  private readonly projects = element('select', {aria: {label: 'Project or pod namespace'}});
  private readonly told = element('p', {aria: {live: 'polite'}});

  constructor(
      private readonly button: HTMLElement, private readonly box: HTMLElement,
      private readonly changed: () => void) {
    const kinds = Object.entries(KINDS).map(([kind, text]) => {
      const tick = element('input', {type: 'checkbox', checked: true});
      tick.addEventListener('change', () => {
        if (tick.checked)
          this.without.delete(kind as CardKind);
        else
          this.without.add(kind as CardKind);
        this.apply();
      });
      return element('label', {}, tick, text);
    });
    const down = element('input', {type: 'checkbox'});
    down.addEventListener('change', () => {
      this.down = down.checked;
      this.apply();
    });
    this.projects.addEventListener('change', () => {
      this.project = this.projects.value;
      this.apply();
    });
    this.box.append(
        element('fieldset', {}, element('legend', {}, 'Kinds'), ...kinds),
        element('label', {}, 'Project ', this.projects),
        element('label', {}, down, 'only with something down'), this.told);
    button.addEventListener('click', () => {
      this.box.hidden = !this.box.hidden;
      button.setAttribute('aria-expanded', String(!this.box.hidden));
    });
  }

  take(index: Index): void {
    this.index = index;
    const names =
        new Set([...index.namespaces.keys()].map(key => this.projectOf(key)).filter(name => name));
    this.projects.replaceChildren(
        element('option', {value: ''}, 'any'),
        ...[...names].sort(natural).map(
            name => element(
                'option', {value: name, selected: name === this.project}, shown(name, 60))));
    this.projects.disabled = names.size === 0;
  }

  wants(card: Card): boolean {
    if (this.without.has(card.kind)) return false;
    if (this.down && !card.down) return false;
    return !this.project || card.kind === 'group' || this.projectOf(card.id) === this.project;
  }

  close(): void {
    this.box.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    this.button.focus();
  }

  private projectOf(key: string): string {
    return groupOf(this.index!, key, 'project') || groupOf(this.index!, key, 'pod');
  }

  private apply(): void {
    const active = this.without.size + Number(this.project !== '') + Number(this.down);
    this.button.textContent = active ? `Filter (${active})` : 'Filter';
    this.told.textContent = active ? counted(active, 'filter') + ' on' : '';
    this.changed();
  }
}
