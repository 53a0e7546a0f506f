{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{{STYLE_HASH}}'; script-src '{{SCRIPT_HASH}}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{TITLE}}</title>
<style>{{STYLE:none}}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header>
{{#HOME}}<p><a href="index.html">All reports</a></p>
{{/HOME}}<h1>{{TITLE}}</h1>
{{#HEADLINE}}<p class="headline">{{TEXT}}</p>
{{/HEADLINE}}{{#LINE}}<p>{{TEXT}}</p>
{{/LINE}}</header>
<nav aria-label="On this page"><ul>{{#JUMP}}<li><a href="{{HREF}}">{{TEXT}}</a></li>{{/JUMP}}</ul></nav>
<main id="content">
{{#PART}}<section>
<h2 id="{{ID}}">{{TITLE}}</h2>
{{#PARAGRAPH}}<p>{{TEXT}}</p>
{{/PARAGRAPH}}{{#COMMAND}}<pre tabindex="0" aria-label="command"><code>{{TEXT}}</code></pre>
{{/COMMAND}}{{#BLOCK}}{{#HEADING}}<h3{{#NAMED}} id="{{ID}}"{{/NAMED}}>{{TEXT}}</h3>
{{/HEADING}}{{#REMARK}}<p>{{TEXT}}</p>
{{/REMARK}}{{>TABLE}}{{>FIGURE}}{{#LIST}}<ul>{{#ITEM}}<li>{{TEXT}}</li>{{/ITEM}}</ul>
{{/LIST}}{{#FACTS}}<dl>{{#FACT}}<dt>{{NAME}}</dt><dd>{{VALUE}}</dd>{{/FACT}}</dl>
{{/FACTS}}{{/BLOCK}}</section>
{{/PART}}</main>
<footer><p>{{FOOTER}}</p></footer>
<script>{{SCRIPT:none}}</script>
</body>
</html>
