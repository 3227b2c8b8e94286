import type {
  AnalysisFinding,
  AnalysisLayer,
  AnalysisPath,
  AnalysisStrings,
  PageAnalysis,
} from '../analysisProtocol.ts';
import { element } from './element.ts';

/** What the page shows of an analysis. */
export function analysisView(
  analysis: PageAnalysis,
  strings: AnalysisStrings,
  { history, contents }: { readonly history: HTMLElement; readonly contents: HTMLElement },
): HTMLElement {
  return element('div', { class: 'report analysis' }, [
    element('header', {}, [
      element('h1', { text: analysis.name }),
      element(
        'dl',
        { class: 'facts' },
        analysis.facts.map(([label, text, title]) =>
          element('div', {}, [element('dt', { text: label }), element('dd', { text, title })]),
        ),
      ),
      element('div', { class: 'buttons' }, [history, ...(analysis.canLookInto ? [contents] : [])]),
    ]),
    findingsSection(analysis, strings),
    layersSection(analysis, strings),
    pathsSection(analysis, strings),
    ...(analysis.sharing.length === 0 ? [] : [sharingSection(analysis, strings)]),
  ]);
}

function section(heading: string, children: readonly (Node | string)[]): HTMLElement {
  return element('section', { attributes: { 'aria-label': heading } }, [
    element('h2', { text: heading }),
    ...children,
  ]);
}

function findingsSection(analysis: PageAnalysis, strings: AnalysisStrings): HTMLElement {
  const { findings, baseFindings, baseTitle, notes } = analysis;
  const list = (some: readonly AnalysisFinding[]): HTMLElement =>
    element(
      'ul',
      { class: 'findings' },
      some.map((finding) => findingItem(finding, strings)),
    );
  return section(strings.findings, [
    findings.length === 0 ? element('p', { class: 'muted', text: strings.nothingFound }) : list(findings),
    ...(baseFindings.length === 0
      ? []
      : [
          element('details', { class: 'ofBase' }, [
            element('summary', { text: `${baseTitle} (${String(baseFindings.length)})` }),
            list(baseFindings),
          ]),
        ]),
    ...notes.map((text) => element('p', { class: 'muted', text })),
  ]);
}

function findingItem(finding: AnalysisFinding, strings: AnalysisStrings): HTMLElement {
  const { severity, grade, title, facts, instruction, paths, fix } = finding;
  return element('li', { class: `finding ${severity}` }, [
    element('div', { class: 'what' }, [
      element('span', { class: `grade ${severity}`, text: grade }),
      element('strong', { text: title }),
      element('span', { class: 'muted', text: facts }),
    ]),
    ...(instruction === ''
      ? []
      : [element('code', { class: 'line', text: instruction, title: instruction })]),
    ...(paths.length === 0
      ? []
      : [
          element(
            'ul',
            { class: 'paths' },
            paths.map((path) => element('li', {}, [element('code', { text: path })])),
          ),
        ]),
    element('p', { class: 'fix' }, [
      element('span', { class: 'muted', text: `${strings.remedy}: ` }),
      ...withCode(fix),
    ]),
  ]);
}

/** Our own words, with what stands between backticks as code. */
function withCode(text: string): readonly (Node | string)[] {
  return text.split('`').map((part, at) => (at % 2 === 1 ? element('code', { text: part }) : part));
}

function headings(names: readonly string[]): HTMLElement {
  return element('thead', {}, [
    element(
      'tr',
      {},
      names.map((text) => element('th', { text, attributes: { scope: 'col' } })),
    ),
  ]);
}

function layersSection({ layers }: PageAnalysis, strings: AnalysisStrings): HTMLElement {
  const largest = Math.max(1, ...layers.map(({ sizeBytes }) => sizeBytes));
  const legend = element('ul', { class: 'legend' }, [
    element('li', {}, [swatch('used'), strings.legendUsed]),
    element('li', {}, [swatch('wasted'), strings.legendWasted]),
  ]);
  const names = [
    strings.layer,
    strings.instruction,
    strings.size,
    strings.wasted,
    strings.spoiled,
    strings.files,
  ];
  return section(strings.layers, [
    legend,
    element('table', { class: 'layers', attributes: { 'aria-label': strings.layers } }, [
      headings(names),
      element(
        'tbody',
        {},
        layers.map((layer) => layerRow(layer, largest, strings)),
      ),
    ]),
  ]);
}

function layerRow(layer: AnalysisLayer, largest: number, strings: AnalysisStrings): HTMLElement {
  const { place, instruction, isBase, sizeBytes, wastedBytes, size, wasted, spoiled, files } = layer;
  const bar = element('div', { class: 'share', attributes: { 'aria-hidden': 'true' } }, [
    part('used', (sizeBytes - wastedBytes) / largest),
    part('wasted', wastedBytes / largest),
  ]);
  return element('tr', { class: 'step' }, [
    element('th', { class: 'number', text: String(place), attributes: { scope: 'row' } }),
    element('td', { class: 'instruction' }, [
      element('code', { class: 'line', text: instruction, title: instruction }),
      ...(isBase ? [element('span', { class: 'badge', text: strings.base })] : []),
    ]),
    element('td', { class: 'size' }, [element('span', { text: size }), bar]),
    element('td', { class: 'amountText', text: wasted }),
    element('td', { class: 'amountText', text: spoiled }),
    element('td', { class: 'amountText', text: files }),
  ]);
}

function swatch(kind: 'used' | 'wasted'): HTMLElement {
  return element('span', { class: `swatch ${kind}`, attributes: { 'aria-hidden': 'true' } });
}

function part(kind: 'used' | 'wasted', share: number): HTMLElement {
  const made = element('div', { class: kind });
  made.style.width = `${(100 * Math.max(0, share)).toFixed(2)}%`;
  return made;
}

function pathsSection({ paths }: PageAnalysis, strings: AnalysisStrings): HTMLElement {
  if (paths.length === 0)
    return section(strings.wastedPaths, [element('p', { class: 'muted', text: strings.nothingWasted })]);
  const largest = Math.max(1, ...paths.map(({ sizeBytes }) => sizeBytes));
  const row = ({ path, sizeBytes, size, story }: AnalysisPath): HTMLElement =>
    element('tr', { class: 'step' }, [
      element('td', { class: 'size' }, [
        element('span', { text: size }),
        element('div', { class: 'share', attributes: { 'aria-hidden': 'true' } }, [
          part('wasted', sizeBytes / largest),
        ]),
      ]),
      element('td', {}, [element('code', { text: path })]),
      element('td', { class: 'muted', text: story }),
    ]);
  return section(strings.wastedPaths, [
    element('table', { class: 'layers', attributes: { 'aria-label': strings.wastedPaths } }, [
      headings([strings.wasted, strings.path, strings.story]),
      element('tbody', {}, paths.map(row)),
    ]),
  ]);
}

function sharingSection({ sharing, sharedWith }: PageAnalysis, strings: AnalysisStrings): HTMLElement {
  return section(strings.sharing, [
    ...sharing.map((text) => element('p', { text })),
    ...(sharedWith.length === 0
      ? []
      : [
          element('table', { class: 'layers narrow', attributes: { 'aria-label': strings.sharedWith } }, [
            headings([strings.image, strings.sharing]),
            element(
              'tbody',
              {},
              sharedWith.map(([name, layers]) =>
                element('tr', { class: 'step' }, [
                  element('td', {}, [element('code', { text: name })]),
                  element('td', { text: layers }),
                ]),
              ),
            ),
          ]),
        ]),
  ]);
}
