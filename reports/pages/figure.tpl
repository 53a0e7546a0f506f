{{%AUTOESCAPE context="HTML"}}
<figure id="{{ID}}">
{{#DRAWN}}<div class="scroll picture" tabindex="0" role="region" aria-label="{{TITLE}}"><div role="img" aria-label="{{ALTERNATIVE}}">{{SVG:none}}</div></div>
{{/DRAWN}}{{#LINKED}}<p class="note">Too large to stand in this page: open the picture below.</p>
{{/LINKED}}{{#UNDRAWN}}<p class="note">Not drawn: {{WHY}}</p>
{{/UNDRAWN}}<figcaption><strong>{{TITLE}}.</strong> {{CAPTION}} <span class="alternative">{{ALTERNATIVE}}</span>
<span class="links">Data: <a href="{{DATA}}">CSV</a>; specification: <a href="{{SPEC}}">JSON</a>{{#PICTURES}}; picture: <a href="{{SVG_FILE}}">SVG</a>, <a href="{{PDF_FILE}}">PDF</a>, <a href="{{PNG_FILE}}">PNG</a>{{/PICTURES}}</span></figcaption>
</figure>
