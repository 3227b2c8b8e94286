import * as vscode from 'vscode';
import { itemScheme } from '../contributions.ts';
import { fileItemUri } from './fileDecorations.ts';
import { tooltipText } from './tooltipText.ts';
import type { DrydockItem, ItemDetails, ItemFace, ItemIcon } from './viewItem.ts';

const collapsible = {
  leaf: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
} as const;

/** An item as VS Code draws it. The tooltip is added when it is needed, see {@link renderTooltip}. */
export function renderItem(item: DrydockItem, face: ItemFace, extensionUri: vscode.Uri): vscode.TreeItem {
  const drawn = new vscode.TreeItem(face.label, collapsible[face.expansion]);
  drawn.id = item.key;
  drawn.iconPath = iconPath(face.icon, extensionUri);
  drawn.accessibilityInformation = { label: face.spoken };
  if (face.file !== undefined) drawn.resourceUri = fileItemUri(face.file);
  else if (face.badge !== undefined)
    drawn.resourceUri = vscode.Uri.from({ scheme: itemScheme, path: `/${face.badge}` });
  if (face.description !== undefined) drawn.description = face.description;
  if (face.contextValue !== undefined) drawn.contextValue = face.contextValue;
  if (face.command !== undefined)
    drawn.command = {
      command: face.command.id,
      title: face.command.title,
      ...(face.command.onItem === true ? { arguments: [item] } : {}),
    };
  return drawn;
}

export function renderTooltip(details: ItemDetails): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(tooltipText(details));
  tooltip.isTrusted = false;
  tooltip.supportHtml = false;
  tooltip.supportThemeIcons = false;
  return tooltip;
}

function iconPath(icon: ItemIcon, extensionUri: vscode.Uri): vscode.IconPath {
  if ('codicon' in icon) return new vscode.ThemeIcon(icon.codicon);
  const file = (theme: string): vscode.Uri =>
    vscode.Uri.joinPath(extensionUri, 'media', 'icons', theme, `${icon.own}.svg`);
  return { light: file('light'), dark: file('dark') };
}
