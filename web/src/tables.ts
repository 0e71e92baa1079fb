import {type Data, Index, keyOf, type Link, type Namespace} from './data';
import {element, table} from './dom';
import type {Target} from './search';

// The map as tables, for those who rather read, or hear.

export function tablesOf(
    data: Data, index: Index, go: (target: Target) => void,
    wanted: (key: string) => boolean): HTMLElement {
  const titles = new Map(
      data.graph.boxes.map(box => [box.namespace ? keyOf(box.namespace) : '', box.title ?? '']));
  const link = (text: string, target: Target) =>
      element('button', {type: 'button', class: 'link', on: {click: () => go(target)}}, text);
  const boxes = data.graph.boxes.filter(box => box.namespace && wanted(keyOf(box.namespace)));
  const namespaces = boxes.map(box => {
    const key = keyOf(box.namespace!);
    return [
      link(box.title ?? key, {ns: key}), box.style === 'plain' ? 'netns' : box.style,
      box.lines.join(' · '), index.processesIn(key).length, interfaces(index.namespaces.get(key)),
      box.listens.join(' · ')
    ];
  });
  const links = boxes.flatMap(box => {
    const key = keyOf(box.namespace!);
    const ns = index.namespaces.get(key);
    return (ns?.links ?? [])
        .filter(each => each.kind !== 'loopback')
        .map(
            each =>
                [link(each.name ?? '', {ns: key, index: each.index}), box.title ?? '',
                 each.kind ?? '', stateOf(each), addressesOf(ns!, each), each.mac ?? '',
                 otherEnd(index, titles, key, each)]);
  });
  const published =
      data.graph.published
          .filter(
              each => wanted(keyOf(each.namespace)) ||
                  each.to.some(to => to.namespace && wanted(keyOf(to.namespace))))
          .map(
              each =>
                  [each.port ?? '',
                   link(titles.get(keyOf(each.namespace)) ?? '', {ns: keyOf(each.namespace)}),
                   each.service ?? '', each.to.map(to => to.what).join(', '), each.from ?? '',
                   each.how ?? '']);
  return element(
      'div', {},
      table(
          ['Namespace', 'Kind', 'What it is', 'Processes', 'Interfaces', 'Listens on'], namespaces,
          500, 'Namespaces'),
      table(
          ['Interface', 'Namespace', 'Kind', 'State', 'Addresses', 'MAC', 'Other end'], links, 500,
          'Interfaces'),
      published.length ? table(
                             ['Port', 'Namespace', 'Service', 'Leads to', 'From', 'How'], published,
                             200, 'Published ports') :
                         null);
}

const interfaces = (ns: Namespace|undefined): string =>
    (ns?.links ?? [])
        .filter(each => each.kind !== 'loopback')
        .map(each => each.name)
        .slice(0, 12)
        .join(', ');

const stateOf = (link: Link): string => !link.up ? 'down' :
    link.carrier || link.state === 'unknown'     ? 'up' :
                                                   'no carrier';

const addressesOf = (ns: Namespace, link: Link): string =>
    ns.addresses.filter(each => each.index === link.index)
        .map(each => `${each.address}/${each.prefix}`)
        .join(', ');

function otherEnd(index: Index, titles: Map<string, string>, key: string, link: Link): string {
  const ref = link.peer ?? link.parent;
  const master = link.master === undefined ?
      '' :
      ` port of ${index.link(key, link.master)?.name ?? link.master}`;
  if (!ref) return master.trim();
  const far = keyOf(ref.namespace);
  const name = index.link(far, ref.index)?.name ?? `if${ref.index}`;
  return `${link.peer ? '' : 'on '}${name}${far === key ? '' : ` @${titles.get(far) ?? ''}`}${
      master ? ',' + master : ''}`;
}
