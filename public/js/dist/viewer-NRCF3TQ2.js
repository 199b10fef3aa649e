import{i as a,j as b}from"./chunk-EF5I4NMO.js";import"./chunk-WXKQNJAO.js";import"./chunk-FKBLOAEK.js";import"./chunk-74V2G5BH.js";import"./chunk-NRBINWNP.js";export{a as Under,b as createViewer};
