import{i as a,j as b}from"./chunk-X7P7EC5A.js";import"./chunk-WXKQNJAO.js";import"./chunk-74V2G5BH.js";import"./chunk-FKBLOAEK.js";import"./chunk-NRBINWNP.js";export{a as Under,b as createViewer};
