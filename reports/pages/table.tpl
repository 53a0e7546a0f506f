{{%AUTOESCAPE context="HTML"}}
{{#FOLDED}}<details class="more"><summary>{{SUMMARY}}</summary>{{/FOLDED}}
<div class="scroll" tabindex="0" role="region" aria-label="{{CAPTION}}">
<table id="{{ID}}"{{#SORTABLE}} data-sortable{{/SORTABLE}}>
<caption>{{CAPTION}}</caption>
<thead><tr>{{#COLUMN}}<th scope="col"{{#NUMBER}} class="number"{{/NUMBER}}>{{NAME}}</th>{{/COLUMN}}</tr></thead>
{{#GROUP}}<tbody>
{{#ROW}}<tr{{#ROW_ID}} id="{{ID}}"{{/ROW_ID}}>{{#HEAD}}<th scope="row" data-sort="{{SORT}}">{{#PLAIN}}{{TEXT}}{{/PLAIN}}{{#LINK}}<a href="{{HREF}}">{{TEXT}}</a>{{/LINK}}{{#ABOUT}}<details><summary>{{TEXT}}</summary><dl>{{#FACT}}<dt>{{NAME}}</dt><dd{{#KEYS}} data-keys="{{OF}}"{{/KEYS}}>{{VALUE}}</dd>{{/FACT}}</dl></details>{{/ABOUT}}</th>{{/HEAD}}{{#CELL}}<td{{#NUMBER}} class="number"{{/NUMBER}}{{#MARKED}} class="{{CLASS}}"{{/MARKED}} data-sort="{{SORT}}"{{#AGGREGATE}} data-row="{{OF}}" data-metric="{{METRIC}}" data-split="{{SPLIT}}" data-slice="{{SLICE}}" data-mean="{{MEAN}}" data-sd="{{SD}}"{{/AGGREGATE}}>{{#PLAIN}}{{TEXT}}{{/PLAIN}}{{#LINK}}<a href="{{HREF}}">{{TEXT}}</a>{{/LINK}}</td>{{/CELL}}</tr>
{{/ROW}}</tbody>
{{/GROUP}}</table>
</div>
{{#NOTE}}<p class="note">{{TEXT}}</p>
{{/NOTE}}{{#FOLDED}}</details>{{/FOLDED}}
