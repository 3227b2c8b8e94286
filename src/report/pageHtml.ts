export interface PageHtmlInput {
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly source: string;
  readonly script: string;
  readonly style: string;
  /** A second sheet, for what the first does not have. */
  readonly moreStyle?: string;
  readonly language: string;
}

/** The page's frame. It holds no data: everything comes by message and goes in as text. */
export function pageHtml({ nonce, source, script, style, moreStyle, language }: PageHtmlInput): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source}`;
  const quoted = (text: string): string => text.replace(/[&"<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const sheets = [style, ...(moreStyle === undefined ? [] : [moreStyle])];
  return `<!DOCTYPE html>
<html lang="${quoted(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${quoted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drydock</title>
${sheets.map((sheet) => `<link rel="stylesheet" href="${quoted(sheet)}">`).join('\n')}
</head>
<body>
<script type="module" nonce="${quoted(nonce)}" src="${quoted(script)}"></script>
</body>
</html>
`;
}
